# Answers the custom resource that takes the stack's Auto Scaling group from 0 to 1, and back when the stack goes. Shortened; the source is scale_up.py of autoheal-agent.
i='host.state'
h='Status'
g='update_auto_scaling_group'
f='Delete'
e='GroupName'
d='reason'
c='Pending'
b='ec2'
a=False
Z='info'
Y=getattr
S='host.id'
R='Standby'
Q='LifecycleState'
P='InstanceId'
O='Version'
N='outcome'
M=True
L=Exception
K='DesiredCapacity'
J=', '
H='Instances'
G='error'
F='awaited'
E=str
D='autoscaling'
C=len
A=''
B=None
import http.client,json as I,os,time,traceback as j,urllib.request,functools as k,json as I,os,random as l,re,zlib,boto3
from botocore.config import Config as m
from botocore.exceptions import BotoCoreError as n,ClientError as o
from botocore.parsers import ResponseParserError as p
T=5
q=30
r=100
s=m(connect_timeout=3,read_timeout=10,retries={'mode':'standard','total_max_attempts':1})
U={'RequestLimitExceeded','Throttling'}
t=60
u={'AccessDenied','AuthFailure','UnauthorizedOperation','ValidationError'}
v=re.compile('(?<=\\n)(autoheal-outcome/1 version=\\S+ instance=(\\S+) boot=(\\S{36}) volumes=(\\S+) outcome=(\\S+) exit=\\d+ reason=\\S+) crc=([0-9a-f]{8})(?=[\\r\\n])')
class GiveUp(L):...
@k.cache
def V(service):return boto3.client(service,config=s)
def w():
 D='VOLUMES';A=[A.strip().partition('=')for A in os.environ[D].split(',')];B={B:A for(A,C,B)in A if A and B}
 if C(B)!=C(A)or C(set(B.values()))!=C(A):raise ValueError(f"VOLUMES is not a list of device=volume-id, each once: {os.environ[D]!r}")
 return B
def x(console,instance):
 A=[A for A in v.finditer(console)if A[2]==instance];A=[A for A in A if f"{zlib.crc32(A[1].encode()):08x}"==A[6]]
 for C in reversed(A):
  if C[3]==A[-1][3]and w().keys()<=set(C[4].split(',')):return C[0],C[5]
 return B,B
class y:
 pause=T;refusals=u
 def __init__(A,context,sleep,about):A.context=context;A.sleep=sleep;A.about=about;A.awaited={};A.kept={};A.slowed=.0
 def verdict(A,refused):raise NotImplementedError
 def time_is_up(A):return'the time is up'
 def converge(B,look):
  J='an answer without an error';I=[]
  while M:
   C=A
   try:
    D=look()
    if not D:return
   except o as H:
    C=H.response['Error']['Code'];D={F:J,G:E(H)};I=[*I,C]if C in B.refusals else[]
    if(K:=I and B.verdict(I)):raise K(E(H))from H
   except(n,p)as H:C='lost';D={F:J,G:E(H)}
   if not C:I=[]
   elif C not in U:B.kept.clear()
   if D!=B.awaited:B.log('Waiting.',D,'warning'if G in D else Z)
   B.awaited=D;B.rest(C in U)
 def rest(A,throttled=a):B=throttled;A.slowed=min(max(2*A.slowed,T),q)if B else A.slowed/2;C=A.slowed if B else max(A.slowed,A.pause);A.sleep(C*l.uniform(.75,1)if A.slowed>1 else C)
 def known(A,what,ask,*C):
  B=what
  if B not in A.kept or A.kept[B][1]-A.remaining()>t:A.kept[B]=ask(*C),A.remaining()
  return A.kept[B][0]
 def read_console(C,instance):B=instance;D=C.call(b,'get_console_output',InstanceId=B,Latest=M).get('Output',A);return x(D,B)
 def call(A,service,operation,**B):
  if A.remaining()<r:raise GiveUp(A.time_is_up())
  return Y(V(service),operation)(**B)
 def remaining(A):return A.context.get_remaining_time_in_millis()/1000
 def log(A,message,data=B,level=Z):C=Y(A.context,'aws_request_id',B);D={'level':level,'message':message,**A.about,'faas.invocation_id':C};print(I.dumps({**D,**(data or{})},default=E),flush=M)
z=15
A0=12
A1=4096
W=10
X=7
A2={c,'InProgress','Baking','Cancelling','RollbackInProgress'}
def handler(event,context,sleep=time.sleep):
 F='FAILED';A=A3(event,context,sleep)
 try:A.log('A request of CloudFormation.');A.serve();B,D='SUCCESS','Done.'
 except GiveUp as C:B,D=F,E(C)
 except L as C:A.log('An unexpected error.',{d:repr(C),'trace':j.format_exc()},G);B,D=F,repr(C)
 A.answer(B,D);return{N:B}
class A3(y):
 def __init__(A,event,context,sleep):C=event;A.event=C;A.kind=C.get('RequestType');A.properties=C.get('ResourceProperties')or{};A.former=C.get('OldResourceProperties')or{};A.group=A.properties.get(e);A.refresh=A.line=B;super().__init__(context,sleep,{'request.type':A.kind,'group.name':A.group})
 def serve(A):
  D='Update'
  if A.kind==f:return A.converge(A.empty_group)if A.group else B
  if A.kind not in('Create',D)or not A.group:raise GiveUp(f"cannot serve a {A.kind} of the group {A.group}")
  if A.kind==D and A.group==A.former.get(e):
   C=A.properties.get(O)
   if A.properties.get('ApplyUpdates')=='true'and C!=A.former.get(O):return A.converge(lambda:A.refresh_group(C))
   return A.log('The group is the same: its size is left alone.')
  return A.converge(A.fill_group)
 def verdict(A,refused):return GiveUp if C(refused)==A0 else B
 def fill_group(A):
  B=A.describe_group()
  if not B:raise GiveUp(f"there is no Auto Scaling group {A.group}")
  if B[K]>0 or B[H]:return A.look_at_service(B)
  A.log('Setting the desired capacity to 1.');A.call(D,g,AutoScalingGroupName=A.group,DesiredCapacity=1);return{F:'the group to want one instance'}
 def refresh_group(A,version):
  J='InstanceRefreshId';C=A.describe_group()
  if not C.get(H)and not C.get(K):return A.log('The group has no instance to replace: its size is left alone.')
  E=A.look_at_service(C,version)
  if not E:return
  G={'AutoScalingGroupName':A.group};I=A.call(D,'describe_instance_refreshes',**G,MaxRecords=1)['InstanceRefreshes'];F=I[0]if I else{};B=F.get(h)
  if B in A2 or A.refresh and B=='Successful':return{**E,'refresh.status':B}
  if not A.refresh:A.log('Starting an instance refresh.');L=A.call(D,'start_instance_refresh',**G,Preferences={'MinHealthyPercentage':0});A.refresh=L[J]
  elif A.refresh==F.get(J):raise GiveUp(f"the instance refresh ended as {B}: {F.get('StatusReason')}")
  return E
 def look_at_service(A,group,version=B):
  I=version;G=group;C={A[P]:A[Q]for A in G[H]}
  for D in G[H]:
   M=D.get('LaunchTemplate',{}).get(O),D.get('LaunchConfigurationName')
   if D[Q]=='InService'and(I is B or I in M):return
  for(K,E)in C.items():
   if not E.startswith((c,'EnteringStandby',R)):continue
   L=B
   if os.environ.get('LAUNCH_UNTIL')=='data':N,L=A.read_console(K);A.line=N or A.line
   if L=='refused'or R in E:raise GiveUp(f"instance {K} ({E}) needs a person; its console says: {A.line}")
  A.pause=z;T={S:J.join(C),i:J.join(C.values())};return{F:'an instance to be in service',**T}
 def empty_group(A):
  I='Name';G='MinSize';E=A.describe_group()
  if E and(E[G]>0 or E[K]>0):A.log('Setting the sizes to 0.');L={G:0,K:0};A.call(D,g,AutoScalingGroupName=A.group,**L);return{F:'the group to want no instance'}
  B={A[P]:A[Q]for A in E.get(H,[])}
  for C in(A for(A,B)in B.items()if B==R):A.log('Terminating an instance that is in Standby.',{S:C});M={'ShouldDecrementDesiredCapacity':a};A.call(D,'terminate_instance_in_auto_scaling_group',InstanceId=C,**M)
  N=['pending','running','shutting-down','stopping','stopped'];O={'tag:aws:autoscaling:groupName':[A.group],'instance-state-name':N};T=A.call(b,'describe_instances',Filters=[{I:A,'Values':B}for(A,B)in O.items()])
  for C in(B for A in T['Reservations']for B in A[H]):B[C[P]]=C['State'][I]
  if B:U=J.join(B.values());return{F:'the instance to be gone',S:J.join(B),i:U}
 def describe_group(A):B=A.call(D,'describe_auto_scaling_groups',AutoScalingGroupNames=[A.group]);return next(iter(B['AutoScalingGroups']),{})
 def time_is_up(B):C=f"; the console said: {B.line}"if B.line else A;D=A if B.kind==f else B.last_activity();return f"the time is up{C}{D}; last seen: {I.dumps(B.awaited)}"
 def last_activity(E):
  C='StatusMessage'
  try:F=V(D).describe_scaling_activities(AutoScalingGroupName=E.group,MaxRecords=5)
  except L as G:return f"; the group's activities cannot be read: {G}"
  A=F['Activities'];H=next((A for A in A if A.get(C)),(A or[{}])[0]);I=[H.get(A)for A in('Description','StatusCode',C,'Cause')];return"; the group's last activity: "+(J.join(filter(B,I))or'none')
 def answer(B,status,reason):
  F=reason;C=status;H=B.answer_body(C,F);I=B.event['ResponseURL']
  for D in range(X):
   try:
    J=urllib.request.Request(I,data=H,method='PUT',headers={'Content-Type':A})
    with urllib.request.urlopen(J,timeout=W):B.log('Answered CloudFormation.',{N:C,d:F})
    return
   except(OSError,http.client.HTTPException)as K:
    B.log('The answer was not taken.',{N:C,G:E(K)},G)
    if D==X-1 or B.remaining()<2**D+2*W:raise
   B.sleep(2**D)
 def answer_body(M,status,reason):
  L='RequestId';K='PhysicalResourceId';J='StackId';G='LogicalResourceId';E='Reason';D=M.event;H=D.get(J,A);B={h:status,E:reason,K:D.get(K)or'-'.join((*H.split('/')[1:2],D.get(G,'scale-up'))),J:H,L:D.get(L,A),G:D.get(G,A)};F=I.dumps(B).encode()
  while C(F)>A1 and B[E]:B[E]=B[E][:C(B[E])*3//4];F=I.dumps(B).encode()
  return F
